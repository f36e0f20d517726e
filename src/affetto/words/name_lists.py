"""The words by which `affetto.words.names` tells names of people from other words.

Written down by hand for Affetto, in small letters without accents: given names and surnames that
are frequent where English, Spanish, French, German, Italian, Portuguese, Polish, Turkish, Arabic,
Hindi, Chinese and Japanese are spoken, those of English most completely. No such list is whole.
"""

from __future__ import annotations

__all__ = [
    "AMBIGUOUS",
    "CAPITALISED",
    "COMMON",
    "GIVEN",
    "MONTHS",
    "PAIRED",
    "SAYING",
    "SURNAMES",
    "TITLES",
]

_GIVEN = """
    aaliyah aarav aaron abbie abby abdul abdullah abel abigail abraham ada adam addison adele
    adeline aditi adrian adriana adrienne agnes agnieszka ahmad ahmed aidan aileen aimee aisha
    ajay akira alan alana albert alberto alejandra alejandro aleksander alessandra alessandro
    alessia alex alexa alexander alexandra alexandre alexandria alexei alexia alexis alfonso
    alfred alfredo ali alice alicia alina alisha alison allan allen allison alma alvaro alvin
    alyssa amanda amara amelia amelie amina amir amit amy ana ananya anastasia anders andre
    andrea andreas andrei andres andrew andriy andrzej andy angela angelica angelina angelo
    angie anil anita anja anjali ann anna annabel annabelle anne annette annie anthony antoine
    antoinette anton antonella antonia antonio anya aoi aoife archie ariana ariel arjun arlene
    arnold arthur arturo arun arya asher ashley ashok astrid athena aubrey audrey augusto aurora
    austin ava avery ayesha aylin ayse barbara barry bart bartosz beatrice beatriz becky belinda
    ben benedict benjamin bernadette bernard bernardo bernd bernice bert bertha beth bethan
    bethany betsy betty beverly bianca bilal billy bjorn blake blanca bob bobby bohdan bonnie
    boris brad bradley brandon brenda brendan brent brett brian briana brianna bridget brigitte
    britney brittany brooke bruce bruno bryan bryce burak byron caitlin caleb callum calvin
    cameron camila camilla camille candice carl carla carlo carlos carly carmen carole carolina
    caroline carolyn carrie carsten carys casey cassandra cassie caterina catherine cathy cecile
    cecilia cedric celeste celia celine cem cesar chad chandra chantal charlene charles charlie
    charlotte chelsea cheng cheryl chiara chidi chloe chris christa christina christine
    christoph christophe christopher chuck cindy claire clara clarence clarissa claude claudette
    claudia claudio clayton clement clifford clive clyde cody colette colin colleen connie
    connor conor cora corey corinne cormac courtney craig cristian cristina curtis cynthia cyril
    daan daisuke damian damien dan dana daniel daniela daniele danielle danny daphne darius
    darlene darrell darren darryl dave david davide dawid deanna debbie deborah debra declan
    deepak deepika deirdre delia denis denise deniz dennis derek derrick deshawn desmond devin
    dexter diana diane diego dieter dimitri dina dino dirk dmitri dmytro dolores dominic dominik
    dominique don donald donna doreen doris dorothea dorothy doug douglas duncan dustin dwayne
    dwight dylan eddie edgar edith edmund eduardo edward edwin eileen elaine eleanor elena eleni
    eli eliana elias elif elijah elisa elisabeth elise eliza elizabeth ella ellen ellie elliot
    elliott eloise elsa elsie elvira emanuel emeka emilia emilie emilio emily emine emma
    emmanuel emre emyr enrico enrique enzo eoin eric erica erich erik erika erin ernest ernesto
    ernst esmeralda esteban estelle esther ethan ethel eugene eugenia eunice eva evan evelyn ewa
    ezra fabian fabio fabrice farah fatima fatma federica federico felicia felipe felix
    ferdinand fernanda fernando filip filippo fiona flavio fletcher florence florian floyd
    folake frances francesca francesco francine francis francisca francisco franco francois
    franz fred freddie frederic frederick frederik frieda friedrich fritz gabriel gabriela
    gabriele gabriella gabrielle gareth garrett gary gavin gemma geoff geoffrey george georges
    georgia georgina gerald geraldine gerard gerardo gerhard gertrude giacomo gianluca gianni
    gilbert gillian gina giorgia giorgio giovanna giovanni gisela giulia giuseppe gladys glenda
    glenn gloria gonzalo gordon graeme graham greg gregor gregory greta gretchen grzegorz
    guadalupe guido guillaume guillermo gunnar gunther gustavo gwen gwendolyn gwyneth hailey
    hakan hakim hamza hana hank hannah hans harold harper harriet harrison harry haruki haruto
    harvey hasan hassan hattie hayden hayley hector heidi heike heiko heinrich heinz helen
    helena helene helga helmut hendrik henri henrietta henrik henry herbert herman hermann
    hilary hilda hinata hiroshi horst howard hubert hugh hugo hussein hyun ian ibrahim ida
    ignacio igor ilse imogen imran ines ingeborg ingrid irene irina irma irving isaac isabel
    isabella isabelle isaiah ishaan ishita isla ismail issa ivan ivana ivo jacek jackie jackson
    jacob jacqueline jacques jaden jaime jake jakob jakub jamal james jamie jan jana jane janet
    janice janine jared jarek jasmin jason javier jayden jayne jean jeanette jeanne jeannie jeff
    jeffery jeffrey jen jenna jennie jennifer jenny jens jeremiah jeremy jermaine jerome jerry
    jesse jessica jessie jill jillian jim jimmy jisoo joachim joan joana joann joanna joanne
    joao joaquin jocelyn jodie jody joe joel joelle joey johan johann johanna johannes john
    johnny jolene jon jonah jonas jonathan jordan jorge jose josef joseph josephine josh joshua
    josiah josie joyce juan juana juanita judith judy jules julia julian juliana julianne julie
    julien juliet juliette julio julius jun jurgen justin justine kaitlyn kamal kamil karen
    karim karin karina karl karla karolina kasia katarzyna kate katharina katherine kathleen
    kathryn kathy katie katja katrin katrina kavya kayla keisha keith kelly kelsey kemal ken
    kendra kenji kenneth kenny kenta kerry kevin khadija khalid kiera kieran kim kimberly kiran
    kirsten kirsty klaus kofi konrad krishna kristen kristin kristina krystyna kumar kurt kwame
    kyle kylie lakshmi lara larry lars latoya laura lauren laurence laurent laurie lawrence
    layla leah leanne lebron leila lena leo leon leona leonard leonardo leonie leroy lesley
    leslie leticia levi lewis leyla liam liang lidia lila lilian lilly lina linda lindsay
    lindsey lionel lisa liz liza lloyd logan lois lola lorena lorenzo loretta lori lorraine
    lottie louis louisa louise luc luca lucas lucia luciana lucie lucille lucinda lucy ludwig
    luigi luis luisa lukas lukasz luke luna lydia lyle lynette lynn mabel maciej mackenzie
    maddie madeleine madeline madison magdalena maggie mahmoud maja malcolm malgorzata malik
    mandy manfred manish manuel manuela mara marc marcel marcela marcelo marcia marcin marco
    marcos marcus marek margaret margarita margot marguerite maria mariah mariam marian mariana
    marianne marie marilyn marina mario marion marisa marissa maritza marjorie marlene marlon
    marta martha martin martina martine marvin mary maryam mateo mateusz mathew mathieu mathilda
    mathilde matilda matt matteo matthew matthias matthieu maud maureen maurice mauricio mauro
    mavis maxim maxime maximilian maxine maxwell maya megan mehmet mei melanie melinda melissa
    melvin meredith mert mia micah michael michaela michal michel michele michelle miguel mika
    mikhail mila mildred milena millie milo milton mina mindy minjun miranda miriam mitchell
    moesha mohamed mohammad mohammed moira mollie molly mona monica monika monique morgan moritz
    morris muhammad muriel murray mustafa mykola myra myriam nadia nadine nancy naomi natalia
    natalie natasha nathalie nathan nathaniel neha neil nelson nessa nevaeh neville ngozi niall
    niamh nicholas nick nicola nicolas nicole niels nigel nikhil nikita nikki niklas niko
    nikolai nikos nina noah noel noelle noemi noor nora norbert noreen norma norman nour nuno
    octavia oisin oksana olaf oleg olena olga olha oliver olivia olivier oluwaseun omar orlando
    oscar oskar osman oswald otto owen pablo padraig paige palmer pam pamela paola paolo parker
    pascal patrice patricia patrick patrik patrizia patty paul paula paulina pauline paulo pavel
    pawel pedro peggy penelope percy perry pete peter petra phil philip philippa philippe
    phillip phoebe phyllis pierre pieter piotr polly pooja pradeep pranav preeti preston
    priscilla priya priyanka quentin quincy quinn rachael rachel rachid rafael rahul rainer raj
    rajesh rajiv ralph ramesh ramon ramona randall randolph randy raphael raquel rashid raul
    ravi raymond rebecca regina reginald reinhard rekha rene renee reuben reza rhiannon rhoda
    rhonda rhys ricardo riccardo richard rick ricky riley rita ritu robbie robert roberta
    roberto robyn rocio roderick rodney rodrigo rohan rohit roland rolf romeo ron ronald ronan
    ronnie rory rosa rosalie rosalind rosanna roseanne rosie ross roxanne roy ruben rudolf rudy
    rufus rupert russell ruth ryan sabina sabine sabrina sadie sakura sally salma salvador
    salvatore sam samantha samir samira sammy samson samuel sandeep sandra sanjay santiago
    saoirse sara sarah sascha sasha saskia satoshi saul savannah scarlett scott seamus sean
    sebastian sebastien selena selin selina selma seojun serena serge sergei sergio seth shane
    shannon sharon shaun shauna shawn sheila shelby sheldon shelley sheryl shirley shreya sidney
    siegfried sienna silke silvia silvio simon simona simone sinead siobhan sipho sofia sofie
    solange sonia sonja sonya sophia sophie spencer stacey stacy stan stanislav stanley stefan
    stefania stefanie stefano stella stephan stephane stephanie stephen steve steven stuart
    sunil sunita suresh susan susana susanna susanne susie suzanne sven svetlana sybil sylvia
    sylvie tabitha tadeusz takashi tamara tamika tammy tania tanisha tanja tanya tara tariq
    tatiana tatjana taylor ted terence teresa terrence terry tessa thabo thea thelma theo
    theodore theresa therese thiago thierry thomas thorsten tiago tiffany tim timothy tina
    tobias toby todd tom tomas tomasz tommaso tommy toni tony torsten tracey tracy travis trent
    trevor tricia trish trisha tristan troy trudy tunde tyler tyrese tyrone ulrich ulrike
    umberto ursula uschi ute uwe valentin valentina valeria valerie vanessa vasyl vera verena
    vernon veronica veronika veronique vicente vicky victor victoria vihaan vijay vikram vince
    vincent vincenzo virginie vishal vivian vivien vivienne vladimir walter waltraud wanda
    warren wayne wendy werner wesley wilfred wilhelm willem william willie wilma winifred
    winston wojciech wolfgang xavier ximena yan yasmin yasmine yolanda yosef youssef yuki yulia
    yuna yuri yusra yusuf yves yvette yvonne zachary zack zainab zanele zara zeynep zoe zofia
    zuzanna
"""

_AMBIGUOUS = """
    ama amber angel april art ash august autumn bay bella bill bishop brandy brook buck bud
    carol carter chance charity chase chip christian clay cliff constance cooper crystal daisy
    dale dallas dawn dean destiny diamond dick dolly drew duke earl ebony eve faith fang
    felicity fern flora ford frank gail gene gill ginger glen grace grant guy harmony hazel
    heath heather herb holly homer honey hope hui hunter iris ivy jack jade jasmine jay jersey
    jewel jing jo joy june kay king kirk kit lance laurel lea lei leigh lily ling lou major mark
    mason max may melody mercedes mercy mike miles ming misty myrtle norm olive paris pat
    patience pearl penny pierce poppy prince queenie rain raven ray red reed ren rich river rob
    robin rocky rod roger roman rose rosemary ruby rusty sage sandy scout sherry sierra skip sky
    sonny star sterling stone sue summer sunny trinity viola violet virginia wade ward wei will
    willow woody wren xin yong
"""

_SURNAMES = """
    abbott abdi adams aguilar ahmadi akhtar alvarez andersen anderson andersson armstrong
    atkinson atwood bailey banerjee barnett bauer baxter becker beckett begum bennett benson
    berg bergmann bianchi bianco blair blanchard bowen boyd bradshaw brennan briggs bryant
    burgess burke burton byrd byrne cabrera calderon caldwell callaghan campbell cardenas
    carlson carpenter carr carroll carvalho castillo castro chatterjee chavez chen choi chung
    clark clarke cochran cohen collins colombo combs contreras cortez costa cox crawford crosby
    cruz cummings cunningham daniels davidson davies davis dawson delgado demir desai diaz
    dickinson dietrich dixon dodson doyle dubois duffy dunn dupont durand eastwood edwards ellis
    engel erickson espinoza esposito evans farley farrell fernandez ferrari ferreira fischer
    fitzgerald fitzpatrick fleming flores fontaine fournier franke fraser friedman fuchs fujita
    gallagher gallo garcia garner garza gibson gilmore goldberg gomes gomez goncalves gonzales
    gonzalez goodwin gorman graf greco greene griffin griffith gruber guerrero gupta gutierrez
    guzman hancock hansen hansson harding harrington harris hartmann hawkins hayes haynes
    henderson hernandez herrera higgins hodges hoffman hoffmann holmes hopkins horton horvath
    hossain houston howell huang huber hudson hughes hussain hutchinson iglesias ingram inoue
    irwin ito ivanov ivanova jacobs jankowski jansen janssen jenkins jennings jensen jimenez
    johansson johnson johnston jones joshi kaiser kaminski kaplan kapoor kaur kaya keane keller
    kelley kennedy kerr khan kirby kobayashi koch kovac kovalenko kowalski kozlov krause kruger
    kuznetsov lambert lange larsen larsson lawson leach leblanc lefebvre lehmann lemaire levy
    lewandowski lindberg lopes lopez lorenz lowe lynch macdonald mackay mahoney maier malone
    marino marques marshall martinez mathis matthews mcallister mcbride mccarthy mcconnell
    mccormick mcdonald mcgrath mcguire mcintyre mckenzie mclaughlin mclean mcmahon medina mehta
    melnyk melton mendes mendez mendoza mercier merritt meyer miller mishra molina morales
    moreau moreno moretti morrison morton mueller mukherjee muller mullins munoz murphy nair
    nakamura nash navarro neumann newman nguyen nielsen nilsson nolan norris norton nowak
    o'brien o'connor o'neill o'reilly o'sullivan oakley obrien oconnor okafor okeke okonkwo
    oliveira olsen olson ortega ortiz osborne owens ozturk pacheco padilla papadopoulos parekh
    parsons patel patterson patton pearson pedersen pena pereira perez perkins peters petersen
    peterson petit petrov petrova pham phillips pinto pittman popescu popov powell pratt pugh
    ramirez ramos ramsey rasmussen reddy reid reyes reynolds rhodes ribeiro ricci richards
    richardson richter rivera robbins roberts robertson robinson rodrigues rodriguez rogers
    rojas romano romero rossi rousseau roux rowe ruiz russo saito salazar sanchez sanders sandhu
    santana santos sasaki sato schmid schmidt schmitt schmitz schneider scholz schroeder
    schubert schulz schwartz schwarz serrano shah shapiro sharma shaw shepherd shevchenko silva
    simmons simpson singh sloan smirnov smith snyder soares sokolov soto souza stanton stephens
    stevenson stewart stokes sullivan sutton suzuki svensson swanson sykes szabo talbot tanaka
    tate thapa thompson thomsen thornton torres toth townsend tran tremblay trujillo tucker
    turner tyson underwood vargas vasquez vaughan vazquez verma villanueva vogel volkov wagner
    wallace walsh walters walton warner watanabe watson watts webb weber webster whitaker
    whitehead whitney wiley wilkes wilkins wilkinson williams williamson wilson winkler wojcik
    wolff wong woodard wozniak wu wyatt yamada yamamoto yang yates yildirim yilmaz zhang zhao
    zheng zhou zimmermann
"""

_PAIRED = """
    baker banks bell bird bishop black brooks brown bush butler carter cash chambers church cole
    cook cooper craft cross dean drake fields finch fisher ford foster fox freeman fuller
    gardner gates goodman grant graves gray green grey hale hall harper hill hunt hunter james
    kim king knight lane lee li mann marsh mason moon page park pope porter reed rice rivers
    rose sawyer shepherd shields stone walker ward waters wells west white winters wolf wood
    woods wright young
"""

_CAPITALISED = """
    a a-level adhd africa african albanian algerian allah am america american android arab
    arabic argentina argentinian armenian asia asian aug australia australian austria austrian
    bbc belgian belgium bengali bible brazil brazilian britain british buddha buddhist bulgaria
    bulgarian canada canadian catalan catholic cctv cd ceo chile chilean china chinese christ
    christian christianity christmas church colombia colombian corona covid croatia croatian
    cuba cuban cv czech dad daddy danish dec denmark diwali dna doctor dr dutch dvd e-mail
    easter egypt egyptian email emo england english estonia estonian ethiopia ethiopian europe
    european facebook feb filipino finland finnish france french fri friday georgian german
    germany ghana god google gp gran grandma grandpa granny greece greek gujarati halloween
    hanukkah heaven hebrew hell hindi hindu hr hungarian hungary i iceland icelandic id india
    indian indonesia indonesian instagram internet iphone iran iranian iraq iraqi ireland irish
    islam islamic israel israeli it italian italy jamaica jamaican japan japanese jesus jew
    jewish kenya kenyan koran korea korean kurdish laptop latin latvia latvian lebanese lebanon
    lithuania lithuanian lord luxembourg ma madam malaysia malaysian mandarin mexican mexico
    miss missus mister mom mommy mon monday moroccan morocco mr mrs ms mum mummy muslim nan
    nepal nepali netflix netherlands nigeria nigerian norway norwegian nov nurse oct officer ok
    okay pa pakistan pakistani pc persian peru peruvian philippines pin pm poland polish
    portugal portuguese prof professor protestant ptsd punjabi quran ramadan romania romanian
    russia russian sat saturday scotland scottish sept serbia serbian sikh sir slovak slovakia
    slovenia slovenian sms somali somalia sos spain spanish sudan sudanese sun sunday sweden
    swedish swiss switzerland syria syrian t-shirt tamil thai thailand thanksgiving thu thur
    thurs thursday tue tues tuesday tunisia tunisian turkey turkish tv uganda ui uk ukraine
    ukrainian un urdu us usa usb venezuela venezuelan vietnam vietnamese wales wed wednesday
    welsh whatsapp wi-fi wifi x-ray youtube zoom
"""

_COMMON = """
    a able about above absolutely across act actually add address advice afraid after afternoon
    again against age ago agree ah aha ahead ain't airport alas all allow almost alone along
    already alright also although always am amazing among an and angry annoyed another answer
    any anybody anymore anyone anything anyway anyways anywhere apart apparently are aren't
    around as ask asked asking at ate aunt auntie avenue away awesome awful baby back bad bank
    basically bastard be beat beautiful became because become bed been before began begin behind
    being believe bent besides best bet better between big bit bitch blew blimey bloody body
    book bored boring boss both bother bound boy boys bread break breakfast bring bro broke
    brother brothers brought buddy built burnt but buy by bye call called calling calm came can
    can't cannot captain car care careful carefully case cast catch caught certainly chair
    change cheers chicken child children chose church city class clean clear clearly close
    clothes club clung coffee cold colleague college come comes coming company completely
    congratulations cool correct could couldn't country couple course crap crazy crept crikey
    cry crying cup customers cut damn dark darling date daughter day days dead deal dealt dear
    definitely did didn't die died different difficult dinner directions do doctors does doesn't
    dog doing don't done door down drank dream dreamt drink drive driving drop drove drunk dude
    dug during each early easy eat eating either else email emotional end enough especially even
    evening eventually ever every everybody everyone everything everywhere exactly example
    excellent except excited excuse expect eye eyes face fact fair fall family fantastic far
    fast fat father fear fed feel feeling feelings feels fell felt few fight film finally find
    fine finish finished fire first five fix fled flew focus folks follow food for forever
    forgave forget forgive forgot forward fought found four free fresh friend friends frightened
    from front froze fuck fucking full fun funny furious further game gave gentlemen get gets
    getting girl girls give given giving glad go goes going gone gonna good goodbye goodness
    goodnight gosh got gotta great grew ground grow guess guys had hadn't hair half hand hands
    happen happened happens happy hard hardly has hasn't hate have haven't having he head heaps
    hear heard heart heavens hell hello help hence her here hers herself hey hi hid high him
    himself his hit hm hmm hold home honest honestly hooray hopefully horrible hospital hot
    hotel hour hours house how however huge huh human hundred hung hungry hurry hurt husband i
    idea if ill imagine important impossible in indeed inside instead interesting into is isn't
    its itself job just keep kept kick kid kids kill kind kiss knelt knew know known knows
    ladies lady laid last late later laugh laughed lay leapt least leave led left lent less let
    letter lie life light like liked likes line list listen lit little live lived living ll
    loads long look looked looking looks lose lost lot lots loud love loved lovely loves low
    luck luckily lucky lunch mad made mail make makes making mama man management manager many
    married mate mates matter maybe me mean means meant meanwhile meet meeting men mess message
    middle might milk million mind mine minus minute minutes miss missed mistake mm moment money
    month months more morning most mostly mother move moved movie much music must mustn't my
    myself name named names naturally near nearly necessary need needed needn't needs neighbor
    neighbour neither nervous never nevertheless new news next nice night nights nine no nobody
    none nonsense nope nor normal normally not note nothing notice now nowhere number numbers
    o'clock obviously of off office often oh old on once one ones only oops open or order other
    others otherwise ouch our ours out outside over own paid pain papa paper parents part
    particularly party pass pay peace people perfect perhaps person personally phone pick
    picture piece place plan play playing please plus point police poor possible possibly
    practically present pretty previously probably problem problems promise proud pub put
    quarter question questions quick quickly quiet quite rang rather re read ready real realise
    realised realize really reason recently reception regardless remember respect rest
    restaurant right ring road rode room round rubbish run running sad said sales same sang sank
    save saw say saying says scared school second see seem seems seen self send sent serious
    seriously service seven shall shan't she shit shoes shook shop shopping short shot should
    shouldn't shout show shut sick side silly similarly simply since sing sis sister sisters sit
    sitting situation six sleep slept slid slow slowly small smell smile so sold some somebody
    somehow someone something sometimes somewhere son song soon sorry sort sought sound sounds
    spat speak speaking special spent spilt split spoke spread square stand start started state
    station stay step still stole stood stop stopped story strange strangers street strong stuck
    stuff stung stupid such suddenly sugar sun supper support suppose supposed sure surely
    surprise surprised swam swear sweet sweetheart sweetie swept swimming swore swung table take
    taken takes taking talk talked talking taught tea teacher tell telling ten terrible terribly
    terrified than thank thankfully thanks that the their them themselves then there therefore
    these they thing things think thinking thinks third thirsty this those though thought
    thousand three threw through thus time times tired to today together told tomorrow tonight
    too took top tore totally towards town traffic train tried trouble true trust truth try
    trying turn turned two ugh uh uhm ultimately um uncle under understand understood
    unfortunately university unless until up upset us use used usually ve very view visit voice
    wait waiting wake walk walked want wanted wants warm was wasn't watch water way we wear
    weather website week weekend weeks weird welcome well went wept were weren't what whatever
    when where wherever whether which while who whole whom whose why wife win window wine wish
    with within without woke woman women won won't wonder wonderful word words wore work worked
    working world worried worry worse worst would wouldn't wow write wrong wrote yeah year years
    yep yes yesterday yet you young your yours yourself yum zero
"""

_SAYING = """
    asked asks called calls came can't comes did didn't died does doesn't feels felt gave goes
    had hadn't has hasn't hated hates is isn't knew knows left liked likes lived lives looked
    looks loved loves made phoned said says seemed seems tells texted thinks thought told wanted
    wants was wasn't went worked works would wrote
"""

_TITLES = """
    aunt auntie captain colonel dame detective doctor dr frau fraulein herr imam inspector judge
    lieutenant madam madame mademoiselle miss missis missus mister monsieur mr mrs ms mx nurse
    president prof professor rabbi rev reverend senator senor senora senorita sensei sergeant
    sgt signor signora signore sir uncle
"""

_CALLED_OUT = """
    ach adios allo allora alors also annyeong arigato bah bedankt beh bitte boa boh bom bon
    bonjour bonsoir buenas bueno buenos buongiorno ciao claro czesc dag dai danke dobrze doch
    dzieki ecco eh entao evet gell genau graag gracias grazie gut haan hai hallo halo hayir hei
    hej hoi hola ja joo kiitos merci merhaba mira moin nahin naja namaste nao nee nein nej
    nie niin no non nou obrigada obrigado oi ola ouais oui oye peki perdon pois prego pronto
    prosze pues quoi sagol salaam salut scusa servus si sim sorry tack tak takk tamam tchau tja
    tschuss vale voila wiec xiexie γεια ευχαριστω ναι οχι ага алло да ладно нет ну
    пока привет спасибо так хорошо
"""

_MONTHS = "january february march april may june july august september october november december"

MONTHS = frozenset(_MONTHS.split())
GIVEN = frozenset(_GIVEN.split())
AMBIGUOUS = frozenset(_AMBIGUOUS.split())
"""Given names that are ordinary words as well: taken for names by what stands around them."""
SURNAMES = frozenset(_SURNAMES.split())
"""Surnames that are no ordinary words."""
PAIRED = frozenset(_PAIRED.split())
"""Surnames that are ordinary words: taken for names behind a given name alone."""
CAPITALISED = MONTHS.union(_CAPITALISED.split())
"""What is written with a capital, or called out with one, and names no person."""
COMMON = frozenset(_COMMON.split()).union(_CALLED_OUT.split())
"""Words of every day: at one of them a name that was announced ends; with what is called out in
other languages, before a comma, as names are."""
SAYING = frozenset(_SAYING.split())
"""What people do: behind the first word of a sentence it makes that word a name."""
TITLES = frozenset(_TITLES.split())
"""What stands before a name and announces it."""
